import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issueToken } from '@macula/crypto';
import type { RelayOptions } from './relay.js';
import type { Scene } from './scene.js';

/** A realm that needs tokens, kept by an operator with the `macula` command. */
export class TokenRealm {
  readonly name: string;
  readonly accessFile: string;
  readonly meshSecretFile: string;
  /** For relays: the access file, and a mesh secret, without which a stranger's relay would let its nodes into the realm. */
  readonly relay: Pick<RelayOptions, 'accessFile' | 'args'>;
  readonly #scene: Scene;
  readonly #key: string;
  #tokens = 0;

  private constructor(scene: Scene, name: string) {
    this.#scene = scene;
    this.name = name;
    this.accessFile = join(scene.directory, 'access.json');
    this.meshSecretFile = join(scene.directory, 'realm-mesh.key');
    this.relay = { accessFile: this.accessFile, args: ['--mesh-secret-file', this.meshSecretFile] };
    this.#key = join(scene.directory, 'issuer.key');
  }

  /** Makes the issuer's key, the access file and the mesh secret. */
  static async make(scene: Scene, name: string): Promise<TokenRealm> {
    const realm = new TokenRealm(scene, name);
    await realm.#macula('keygen', '--mesh', realm.meshSecretFile);
    const issuer = (await realm.#macula('keygen', realm.#key)).trim();
    writeAccessFile(realm.accessFile, { realms: { [name]: { access: 'token', issuers: [issuer] } } });
    return realm;
  }

  /** A token for these node names in a file; further arguments are those of `macula token issue`. */
  async issue(names: readonly string[], ...more: string[]): Promise<string> {
    const patterns = names.flatMap((name) => ['--name', name]);
    const args = ['token', 'issue', '--key', this.#key, '--realm', this.name, ...patterns, ...more];
    const path = join(this.#scene.directory, `token-${this.#tokens++}`);
    writeFileSync(path, await this.#macula(...args), { mode: 0o600 });
    return path;
  }

  /** A token in a file that relays take for so many seconds, which count from its `exp` on, too: clocks may differ by 60 s. */
  async issueFor(seconds: number, names: readonly string[]): Promise<string> {
    const issuerSeed = Buffer.from(readFileSync(this.#key, 'latin1').trim(), 'base64url');
    const exp = Math.floor(Date.now() / 1000) + seconds - 60;
    const jti = randomBytes(16).toString('base64url');
    const path = join(this.#scene.directory, `token-${this.#tokens++}`);
    const token = await issueToken({ issuerSeed, claims: { realm: this.name, names, exp, jti } });
    writeFileSync(path, token, { mode: 0o600 });
    return path;
  }

  /** Takes the token in a file back. */
  async revoke(token: string): Promise<void> {
    await this.#macula('token', 'revoke', '--access-file', this.accessFile, token);
  }

  async #macula(...args: string[]): Promise<string> {
    const command = this.#scene.macula(args);
    const { code } = await command.ended;
    assert.equal(code, 0, command.output);
    return command.output;
  }
}

/** Puts new rules in force as an operator's tools do: whole, by renaming. */
export function writeAccessFile(path: string, content: object): void {
  writeFileSync(`${path}.new`, JSON.stringify(content), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
