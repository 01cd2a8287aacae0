/** The vault's file in the folder of our state; whether it is there can be told without the vault. */
export function vaultFile(folder: string): string {
  return `${folder}/vault.db`;
}
