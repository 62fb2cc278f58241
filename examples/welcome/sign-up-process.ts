/**
 * The service in a process of its own, so that it can be killed: signs up COUNT people, waits for their mails, and ends. With
 * a moment and a user it kills itself there.
 *
 * `node dist/examples/welcome/sign-up-process.js DIRECTORY COUNT [before-send|after-send USER]`
 */
import { openService, mailsAreOut } from "./service.js";
import { signUpAll } from "./traffic.js";

const [directory = "", count = "0", dieAt, dieFor] = process.argv.slice(2);

const service = await openService(directory, (moment, userId) => {
  if (moment === dieAt && userId === dieFor) process.kill(process.pid, "SIGKILL");
  if (moment === "after-send") console.log(`mail to ${userId}`);
});
await signUpAll(service, Number(count), (userId) => console.log(`signed up ${userId}`));
await mailsAreOut(service);
await service.runtime.close();
console.log("done");
