/** The two calls as other services have them, over whatever they go; and what is built on them. */
import type {
  FooMessage,
  GetFooReply,
  GetFooRequest,
  GetFoosReply,
  GetFoosRequest,
  Which,
} from "./protocol.js";

export interface FoosApi {
  getFoo(request: GetFooRequest): Promise<GetFooReply>;
  getFoos(request: GetFoosRequest): Promise<GetFoosReply>;
  /** What a call was refused with, in the words of what it goes over. */
  codeOf(error: unknown): string;
  close(): Promise<void>;
}

/** Every foo of a kind, page by page. */
export async function everyFoo(
  foos: FoosApi,
  which: Which,
  pageSize: number,
): Promise<FooMessage[]> {
  const found: FooMessage[] = [];
  let pageToken = "";
  do {
    const reply = await foos.getFoos({ which, pageSize, pageToken, fresh: true });
    found.push(...reply.foos);
    pageToken = reply.nextPageToken;
  } while (pageToken !== "");
  return found;
}
