export { ContainerImage, type ContainerMount, type ContainerOptions } from "./container.ts";
export { removeContainerRemains, removeImageRemains } from "./remains.ts";
