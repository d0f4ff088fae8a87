/**
 * What counts as one address: an IPv4 address, or the /64 network of an IPv6 address, which one host or one household has for itself.
 * An IPv4 address in IPv6 clothes (`::ffff:`) is that IPv4 address; a host that is no IP address stands for itself.
 */
export function addressKey(host: string): string {
  const bare = host.split('%', 1)[0]!.toLowerCase();
  if (!bare.includes(':')) return bare;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = bare.split('::');
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: Math.max(0, groupsMax - before.length - after.length) }, () => '0');
  const groups = [...before, ...zeros, ...after].slice(0, groupsMax / 2);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

const groupsMax = 8;

function groupsOf(part: string): string[] {
  if (part === '') return [];
  // A dotted tail stands for two groups; it is behind the first 64 bits in any address there is.
  return part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
