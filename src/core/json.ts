export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A plain object that survives `JSON.stringify` unchanged. */
export interface JsonObject {
  readonly [key: string]: Json;
}
