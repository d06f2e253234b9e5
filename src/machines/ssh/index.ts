export { SshImage, type SshOptions } from "./ssh.ts";
