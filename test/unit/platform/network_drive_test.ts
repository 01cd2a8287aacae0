import { expect, test } from "bun:test";
import { sharedDriveIn } from "../../../src/platform/network_drive.ts";

const MOUNTS = `/dev/vda / ext4 rw,relatime 0 0
proc /proc proc rw,relatime 0 0
server:/export /home nfs4 rw,vers=4.2 0 0
/dev/sdb1 /home/local btrfs rw 0 0
//server/share /mnt/my\\040share cifs rw 0 0
me@server: /home/local/there fuse.sshfs rw 0 0
/dev/fuse /home/local/vault fuse.gocryptfs rw 0 0
server:/other /over nfs rw 0 0
tmpfs /over tmpfs rw 0 0
`;

test.each([
  ["/root/.local/state", undefined],
  ["/home/anna/.local/state", "nfs4"],
  ["/home", "nfs4"],
  ["/homestead", undefined],
  ["/home/local/anna", undefined],
  ["/home/local/there/anna", "fuse.sshfs"],
  ["/home/local/vault/anna", undefined],
  ["/mnt/my share/anna", "cifs"],
  ["/over/anna", undefined],
])("%s is on the drive that lies nearest above it: %s", (path, kind) => {
  expect(sharedDriveIn(MOUNTS, path)).toBe(kind);
});

test("a table that is empty, or of another form, says nothing", () => {
  expect(sharedDriveIn("", "/home")).toBeUndefined();
  expect(sharedDriveIn("nfs\n\n/home nfs", "/home")).toBeUndefined();
});
