import { hkdfSha256 } from '@macula/crypto';

/**
 * The key under which names become elements of routing filters, 32 bytes: whoever gets hold of a filter without it can't look up names in it. Of the
 * mesh secret where there is one; else everybody can know it.
 */
export function filterKeyOf(meshSecret: Uint8Array | undefined): Uint8Array {
  const encoder = new TextEncoder();
  return hkdfSha256(
    meshSecret ?? new Uint8Array(32),
    encoder.encode('macula'),
    encoder.encode('mesh filter key 1'),
    32,
  );
}
