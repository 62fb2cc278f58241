/** It couldn't be done, and the message says what to do: exit code 2. */
export class CliError extends Error {}
