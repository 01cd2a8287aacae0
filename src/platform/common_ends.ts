/** How much two texts, or lists, have in common at their beginning and, behind that, at their end. */
export function commonEnds(one: ArrayLike<unknown>, other: ArrayLike<unknown>): { head: number; tail: number } {
  const most = Math.min(one.length, other.length);
  let head = 0;
  while (head < most && one[head] === other[head]) head++;
  let tail = 0;
  while (tail < most - head && one[one.length - 1 - tail] === other[other.length - 1 - tail]) tail++;
  return { head, tail };
}
