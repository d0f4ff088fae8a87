import { termKey } from '../src/etf/term-key.js';
import {
  atom,
  ImproperList,
  isKind,
  isMap,
  isTuple,
  NativeRecord,
  Pid,
  Port,
  Reference,
  type Term,
  TermMap,
  Tuple,
} from '../src/index.js';

/**
 * The term with what no text says replaced: every creation by 7, the flags of native records by 0, and funs that were made in a
 * module by an atom. Where keys of a map
 * become the same thereby, the later entries go.
 */
export function withoutUnwritten(term: Term): Term {
  if (Array.isArray(term)) return (term as readonly Term[]).map(withoutUnwritten);
  if (isTuple(term)) return new Tuple(term.elements.map(withoutUnwritten));
  if (isKind(term, 'improper_list'))
    return new ImproperList(term.elements.map(withoutUnwritten), withoutUnwritten(term.tail));
  if (isMap(term)) {
    const entries = new Map<string, readonly [Term, Term]>();
    for (const [key, value] of term) {
      const written = withoutUnwritten(key);
      const text = termKey(written);
      if (!entries.has(text)) entries.set(text, [written, withoutUnwritten(value)]);
    }
    return new TermMap(entries.values());
  }
  if (isKind(term, 'pid')) return new Pid({ node: term.node, id: term.id, serial: term.serial, creation: 7 });
  if (isKind(term, 'port')) return new Port({ node: term.node, id: term.id, creation: 7 });
  if (isKind(term, 'reference')) return new Reference({ node: term.node, words: term.words, creation: 7 });
  if (isKind(term, 'opaque_fun')) return atom('fun');
  if (isKind(term, 'native_record'))
    return new NativeRecord({
      module: term.module,
      name: term.name,
      flags: 0,
      fields: term.fields.map(([name, value]) => [name, withoutUnwritten(value)] as const),
    });
  return term;
}
