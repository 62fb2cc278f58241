/** Asked before each group of commits: what must be on disk before it, such as keys of what is in it; undefined where it is already. */
export type BeforeWrite = () => Promise<void> | undefined;
