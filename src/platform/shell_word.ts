/** A word as one types it into a shell of Unix: in quotes where anything else would become of it. */
export function shellWord(word: string): string {
  // zsh takes a word that begins with "=" for the name of a program.
  return /^(?!=)[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
