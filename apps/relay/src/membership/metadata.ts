import { parseRelayUrl, TransportError } from '@macula/transport';
import { advertisedUrlBytesMax, memberLabelBytesMax } from './limits.js';

/** What a relay says of itself as a member. */
export interface MemberFacts {
  /** Where other relays dial it, without pins; undefined: it dials them. */
  readonly url: string | undefined;
  /** For people. */
  readonly label: string;
}

/**
 * As bytes (sizes in bytes): `version:1 = 1   urlLength:1   url   label: the rest`, both as UTF-8. A label that is too long is cut.
 */
export function encodeMetadata({ url = '', label }: MemberFacts): Uint8Array {
  const encoder = new TextEncoder();
  const urlBytes = encoder.encode(url);
  const labelBytes = new Uint8Array(memberLabelBytesMax);
  const { written } = encoder.encodeInto(label, labelBytes);
  return Uint8Array.from([1, urlBytes.length, ...urlBytes, ...labelBytes.subarray(0, written)]);
}

/** What can be read of it; of a later version, or of bytes that make no sense, nothing. */
export function decodeMetadata(metadata: Uint8Array): MemberFacts {
  const [version, length = 0] = metadata;
  if (version !== 1 || 2 + length > metadata.length) return { url: undefined, label: '' };
  const label = textOf(metadata.subarray(2 + length)) ?? '';
  return { url: canonicalUrl(textOf(metadata.subarray(2, 2 + length)) ?? ''), label };
}

function canonicalUrl(text: string): string | undefined {
  if (text === '' || text.length > advertisedUrlBytesMax) return undefined;
  try {
    return parseRelayUrl(text).text;
  } catch (error) {
    if (error instanceof TransportError) return undefined;
    throw error;
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined; // no UTF-8
  }
}
