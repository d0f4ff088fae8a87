import { codeSentence, type WireCode } from '@macula/wire';

/** Whose limit it is. */
export type QuotaScope = 'identity' | 'realm' | 'address';

/** What a limit that is reached answers. */
export interface QuotaRefusal {
  readonly code: WireCode;
  /** Cause and remedy, and whose limit it is. */
  readonly text: string;
  /** Milliseconds until it may be tried again, where that is known. */
  readonly retryMs?: number;
}

/** A refusal because there are so many already. */
export function tooMany(code: WireCode, scope: QuotaScope, limit: number): QuotaRefusal {
  return { code, text: `${codeSentence(code)} (limit of ${owners[scope]}: ${limit})` };
}

/** A refusal because it goes too fast. */
export function tooFast(
  code: WireCode,
  scope: QuotaScope,
  { perSecond, retryMs }: { readonly perSecond: number; readonly retryMs: number },
): QuotaRefusal {
  const limit = `limit of ${owners[scope]}: ${perSecond} a second in the long run`;
  const text = `${codeSentence(code)} (${limit}; try again in ${seconds(retryMs)})`;
  return { code, text, retryMs: Math.ceil(retryMs) };
}

/** A time for people: whole seconds, at least one. */
export function seconds(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 1000))} s`;
}

const owners: Readonly<Record<QuotaScope, string>> = {
  identity: 'this identity',
  realm: 'the realm',
  address: 'this address',
};
