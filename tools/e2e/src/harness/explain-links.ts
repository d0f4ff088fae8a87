import type { OtpNode } from './otp-node.js';

/** Notes nodeup and nodedown from now on, for {@link explainLinks}. */
export async function noteLinks(nodes: readonly OtpNode[]): Promise<void> {
  for (const node of nodes) await node.gives('macula_e2e_links:start()', 'ok');
}

/**
 * What nodes and their carriers say about the links between them, for the message of a failure: whether a link is left on one side only or was
 * made anew, by whom (the tunnel's initiator), and why the one before went. Call {@link noteLinks} at the beginning.
 */
export async function explainLinks(nodes: readonly OtpNode[]): Promise<string> {
  const answers = nodes.map(async (node) => {
    const others = nodes.filter((other) => other !== node);
    const questions = [
      'nodes(connected)',
      'macula_e2e_links:changes()',
      // net_kernel's own table: pending attempts as well.
      'ets:tab2list(sys_dist)',
      ...others.map(({ name }) => `macula:why('${name}')`),
      'macula_dist_relay:get_tunnel_metrics()',
      'macula:status()',
      // Nodes that global is being introduced to are pending.
      'global:info()',
      'lists:sublist(lists:reverse(macula_e2e:events()), 10)',
    ];
    const lines = questions.map(async (question) => `  ${question}: ${await ask(node, question)}`);
    return [`${node.name}:`, ...(await Promise.all(lines))].join('\n');
  });
  return (await Promise.all(answers)).join('\n');
}

/** A node that doesn't answer must not hide what the others say. */
async function ask(node: OtpNode, question: string): Promise<string> {
  try {
    return await node.eval(question, 5_000);
  } catch (error) {
    return String(error).slice(0, 300);
  }
}
