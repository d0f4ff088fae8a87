import type { OtpNode } from '@macula/e2e';

/** Evaluates an expression whose value is a list of numbers. */
export async function listOfNumbers(node: OtpNode, expression: string): Promise<number[]> {
  const text = await node.eval(
    `lists:flatten(lists:join(" ", [io_lib:format("~.2f", [T]) || T <- ${expression}]))`,
    180_000,
  );
  return text.replaceAll('"', '').split(' ').map(Number);
}
