/** The two calls over NATS: `foos.svc.GetFoo` and `foos.svc.GetFoos`, with JSON for any client. */
import { endpoint } from "tidemark";
import { z } from "zod";
import { getFoo, getFoos } from "./answers.js";
import type { GetFooReply, GetFooRequest, GetFoosReply, GetFoosRequest } from "./protocol.js";

// #region endpoint
export const GetFoo = endpoint<GetFooRequest, GetFooReply>({
  name: "GetFoo",
  description: "One foo by its id; not-found where there is none",
  request: z.object({ id: z.string(), fresh: z.boolean().default(false) }),
  answer: (request, { query }) => getFoo(query, request),
});
// #endregion

export const GetFoos = endpoint<GetFoosRequest, GetFoosReply>({
  name: "GetFoos",
  description: "All foos, or only some, page by page",
  request: z.object({
    which: z.enum(["ALL", "ACTIVE", "INACTIVE"]).default("ALL"),
    pageSize: z.number().int().min(0).default(0),
    pageToken: z.string().default(""),
    fresh: z.boolean().default(false),
  }),
  answer: (request, { query }) => getFoos(query, request),
});
