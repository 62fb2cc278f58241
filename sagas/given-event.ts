import type { Message } from "../src/kernel/event.js";
export function checkGivenEvent(_event: Message): void {}
