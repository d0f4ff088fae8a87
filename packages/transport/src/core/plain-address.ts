/** An address as it is told: one of IPv4 as such, also when it comes from a socket for both families (`::ffff:192.0.2.1`). */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
