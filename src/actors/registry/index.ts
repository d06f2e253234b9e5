export { type LifeEvent, Lives, lifeChart, lifeEnds } from "./lives.ts";
export {
  type RegistryChange,
  type RegistryMessage,
  type RegistryRef,
  type RegistrySnapshot,
  registryBehavior,
} from "./registry-actor.ts";
