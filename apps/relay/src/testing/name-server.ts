import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A record that a {@link startNameServer} answers with. */
export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly bytes: readonly number[] }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    };

/** What is asked for, and what is answered: its records, none of them, or with an error of RFC 1035. */
export type DnsAnswers = (
  name: string,
  type: DnsRecord['type'],
) => readonly DnsRecord[] | 'no such name' | 'server failure';

/** A name server on UDP at loopback. */
export interface StubNameServer {
  /** For `Resolver.setServers`. */
  readonly address: string;
  close(): Promise<void>;
}

/** Starts a name server that answers as it is told; questions of other types get no records. */
export async function startNameServer(answers: DnsAnswers): Promise<StubNameServer> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => socket.send(answerTo(query, answers), from.port, from.address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

/** Header of 12 bytes, the question as it was asked, the records (RFC 1035, 4.1). */
function answerTo(query: Buffer, answers: DnsAnswers): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = typeNames[query.readUInt16BE(at + 1)];
  // c-ares changes the case of letters at random and looks whether they come back so.
  const answer = type === undefined ? [] : answers(labels.join('.').toLowerCase(), type);
  const records = typeof answer === 'string' ? [] : answer;
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (typeof answer === 'string' ? codes[answer] : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.subarray(12, at + 5), ...records.map(recordBytes)]);
}

/** A pointer to the name of the question, type, class IN, 30 s to live, length, data. */
function recordBytes(record: DnsRecord): Buffer {
  const data = record.type === 'SRV' ? srvBytes(record) : Buffer.from(record.bytes);
  const head = Buffer.from([0xc0, 12, 0, typeNumbers[record.type], 0, 1, 0, 0, 0, 30, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function srvBytes({ priority, weight, port, target }: DnsRecord & { type: 'SRV' }): Buffer {
  const numbers = Buffer.alloc(6);
  numbers.writeUInt16BE(priority, 0);
  numbers.writeUInt16BE(weight, 2);
  numbers.writeUInt16BE(port, 4);
  const labels = target.split('.').filter((label) => label !== '');
  const name = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([numbers, ...name, Buffer.alloc(1)]);
}

const typeNumbers = { A: 1, AAAA: 28, SRV: 33 } as const;

const typeNames: Readonly<Record<number, DnsRecord['type']>> = { 1: 'A', 28: 'AAAA', 33: 'SRV' };

const codes = { 'server failure': 2, 'no such name': 3 } as const;
