export { MorphImage, type MorphOptions, type MorphRecipe } from "./morph.ts";
