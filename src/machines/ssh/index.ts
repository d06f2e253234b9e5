export { removeSshRemains, SshImage, type SshOptions, startSsh } from "./ssh.ts";
