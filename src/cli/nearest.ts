import { distance } from "fastest-levenshtein";

/** The candidate that a person is likely to have meant by a word; nothing where none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const small = word.toLowerCase();
  const ranked = candidates
    .map((candidate) => ({ candidate, far: distance(small, candidate.toLowerCase()) }))
    .sort((one, other) => one.far - other.far);
  const best = ranked[0];
  if (best !== undefined && best.far <= Math.min(3, Math.ceil(best.candidate.length / 3))) return best.candidate;
  const containing = small.length < 3 ? [] : candidates.filter((candidate) => candidate.toLowerCase().includes(small));
  return containing.length === 1 ? containing[0] : undefined;
}
