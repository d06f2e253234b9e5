export { ContainerImage, type ContainerMount, type ContainerOptions } from "./container.ts";
