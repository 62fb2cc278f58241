/** Somebody to ask who notes what reached them: what is tested is what doesn't. */
import type { AdminClient, OperationName } from "tidemark";

export interface RecordingClient extends AdminClient {
  readonly calls: { operation: OperationName; input: unknown; by: string | undefined }[];
  /** What the next calls are answered, by operation. */
  readonly answers: Map<string, () => unknown>;
  /** Signals of calls that aren't answered. */
  readonly open: Set<AbortSignal>;
}

export function recordingClient(): RecordingClient {
  const calls: RecordingClient["calls"] = [];
  const answers = new Map<string, () => unknown>();
  const open = new Set<AbortSignal>();
  return {
    calls,
    answers,
    open,
    call: async (operation, input, options) => {
      calls.push({ operation, input, by: options?.by });
      const answer = answers.get(operation);
      if (answer !== undefined) return (await answer()) as never;
      return { operation } as never;
    },
    close: () => Promise.resolve(),
  };
}
