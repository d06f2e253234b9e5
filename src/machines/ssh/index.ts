export { SshImage, type SshOptions, startSsh } from "./ssh.ts";
