import type { Hub } from './hub.ts';
import type { Caller } from './sessions.ts';
import { type Arguments, readSignature, type Signature } from './signature.ts';
import type { Value } from './value.ts';

export interface CallContext {
  readonly hub: Hub;
  readonly caller: Caller;
  /** Calls another method as this caller: for those that wrap others. */
  call(method: string, params: readonly Value[]): Value;
}

/** A method of the hub: how Python declares it, and what it answers. */
export interface Method {
  readonly signature: Signature;
  /** Changes something, so that its call number is kept. */
  readonly writes: boolean;
  answer(args: Arguments, context: CallContext): Value;
}

export type Methods = Readonly<Record<string, Method>>;

/** A method that only reads. */
export function read(signature: string, answer: Method['answer']): Method {
  return { signature: readSignature(signature), writes: false, answer };
}

/** A method that changes something. */
export function write(signature: string, answer: Method['answer']): Method {
  return { signature: readSignature(signature), writes: true, answer };
}

/** A method of the session, whose wrong arguments are plain TypeErrors. */
export function session(signature: string, answer: Method['answer']): Method {
  return { signature: readSignature(signature, true), writes: false, answer };
}
