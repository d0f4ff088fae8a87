import type { Fields } from './fields.js';

/** A decoder for each kind of message in the union. */
export type MessageDecoders<Any extends { readonly kind: string }> = {
  readonly [Kind in Any['kind']]: (fields: Fields) => Extract<Any, { readonly kind: Kind }>;
};
