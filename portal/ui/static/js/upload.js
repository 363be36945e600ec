// window.Uploads: files of one draft on their way to the portal, in pieces that go on where they
// stopped (tus). Each is digested here as well, and the portal must have found the same.
(() => {
  "use strict";
  const { Refusal } = window.Transfer;
  // Up to this size a file is digested first, and then one request carries all there is to say.
  const SMALL = 4 * 1024 * 1024;
  const TOGETHER = 4;
  const SPEED_SECONDS = 4;

  const uuid = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };

  // item: {path, size, file?, modified, digests?, sent, state, error?, address?}; state is one of
  // chosen, waiting, uploading, retrying, comparing, done, failed, missing (its file must be chosen
  // again).
  class Uploader extends window.Transfer {
    constructor({ addresses, token, draft, sm3, changed }) {
      super();
      Object.assign(this, { addresses, token, draft, sm3, changed });
      this.items = [];
      this.byPath = new Map();
      this.running = new Set();
      this.samples = [];
      this.active = false;
      this.finish = null;
      window.addEventListener("online", () => this.active && this.resume());
    }

    address(name, id = this.draft) { return this.addresses[name].replace("DRAFT", id); }

    // What the portal already has of this draft.
    async recall() {
      const { files } = await this.ask("GET", this.address("files"));
      for (const known of files) {
        this.insert({
          path: known.path, size: known.length, modified: known.modified, sent: known.offset,
          address: known.address, known: true, stays: known.stays,
          digests: known.ready ? { sha256: known.sha256 } : null,
          state: known.ready ? "done" : "missing",
        });
      }
    }

    insert(item) {
      this.items.push(item);
      this.byPath.set(item.path, item);
      this.changed(item);
    }

    // Adds chosen files; one that is here already goes on, one that changed takes its place.
    add(files) {
      for (const { file, path } of files) {
        const there = this.byPath.get(path);
        if (there && there.size === file.size && (!there.modified || there.modified === file.lastModified)) {
          if (!there.file) this.attach(there, file);
          continue;
        }
        if (there && there.file && !path.includes("/")) {
          this.add([{ file, path: this.otherName(path) }]);
          continue;
        }
        const after = there ? this.remove(there) : null;
        const item = {
          path, size: file.size, modified: file.lastModified, sent: 0, state: "chosen", after,
        };
        this.insert(item);
        this.attach(item, file);
      }
    }

    // Two files of one name from different places are two files.
    otherName(path) {
      const [, stem, suffix] = path.match(/^(.*?)(\.[^.]*)?$/s);
      let number = 2;
      while (this.byPath.has(`${stem} (${number})${suffix || ""}`)) number += 1;
      return `${stem} (${number})${suffix || ""}`;
    }

    attach(item, file) {
      item.file = file;
      if (item.state === "missing") item.state = "chosen";
      if (item.state !== "done") this.digest(item);
      this.changed(item);
    }

    digest(item) {
      item.stop = new AbortController();
      item.digesting = window.Digest.digestFile(item.file, {
        sm3: this.sm3,
        signal: item.stop.signal,
        progress: (done) => { item.digested = done; this.changed(item); },
      }).then((digests) => {
        item.digests = digests;
        this.changed(item);
        return digests;
      });
      item.digesting.catch((error) => {
        if (error.name !== "AbortError") this.fail(item, new Refusal("unreadable"));
      });
    }

    remove(item) {
      if (item.stop) item.stop.abort();
      if (item.upload) item.upload.abort();
      this.running.delete(item);
      this.items.splice(this.items.indexOf(item), 1);
      this.byPath.delete(item.path);
      item.removed = true;
      if (item.address) item.going = this.send("DELETE", item.address).catch(() => {});
      this.changed(item);
      this.pump();
      return item.going || Promise.resolve();
    }

    // Resolves when every file is with the portal and compared; rejects with a Refusal.
    async start() {
      await this.takeBack(this.items.filter((item) => item.file && item.address && item.stays));
      this.active = true;
      this.samples = [];
      for (const item of this.items) {
        if (item.state === "failed") item.state = "chosen";
        if (item.state === "chosen") this.mark(item, "waiting");
      }
      return new Promise((resolve, reject) => {
        this.finish = { resolve, reject };
        this.pump();
      });
    }

    pause() {
      this.active = false;
      for (const item of this.running) {
        if (item.upload) item.upload.abort();
        this.mark(item, "waiting");
      }
      this.running.clear();
      this.samples = [];
    }

    resume() {
      if (!this.finish) return;
      this.active = true;
      for (const item of this.items) if (item.state === "failed" && item.lost) this.mark(item, "waiting");
      for (const item of [...this.running]) {
        if (item.state !== "retrying") continue;
        item.upload.abort();
        this.running.delete(item);
        this.mark(item, "waiting");
      }
      this.pump();
    }

    // Forgets everything, here and there.
    async discard() {
      this.pause();
      this.finish = null;
      for (const item of this.items) if (item.stop) item.stop.abort();
      const draft = this.draft;
      this.items = [];
      this.byPath.clear();
      this.draft = uuid();
      await this.ask("DELETE", this.address("discard", draft)).catch(() => {});
    }

    pump() {
      if (!this.active || !this.finish) return;
      for (const item of this.items) {
        if (this.running.size >= TOGETHER) return;
        if (item.state === "waiting" && item.file) this.carry(item);
      }
      if (this.running.size) return;
      this.active = false;
      const { resolve, reject } = this.finish;
      const failed = this.items.find((item) => item.state === "failed");
      if (failed && failed.lost) { reject(failed.error); return; }
      this.finish = null;
      if (failed) reject(failed.error);
      else resolve();
    }

    async carry(item) {
      this.running.add(item);
      this.mark(item, "uploading");
      try {
        await item.after; // until the one of the same name is gone
        const known = item.size <= SMALL ? await item.digesting : item.digests;
        if (!this.running.has(item)) return;
        await this.transfer(item, known);
        if (!known) {
          this.mark(item, "comparing");
          const digests = await item.digesting;
          await this.ask("POST", `${item.address}/digests`, digests);
        }
        if (!this.running.has(item)) return;
        item.sent = item.size;
        this.mark(item, "done");
      } catch (error) {
        if (error.name === "AbortError" || item.removed || !this.running.has(item)) return;
        this.fail(item, error);
      }
      this.running.delete(item);
      this.pump();
    }

    fail(item, error) {
      item.error = error instanceof Refusal ? error : new Refusal("unreadable");
      this.mark(item, "failed");
    }

    mark(item, state) {
      item.state = state;
      this.changed(item);
    }

    sample() {
      const now = performance.now();
      this.samples.push({ now, sent: this.totals().sent });
      while (now - this.samples[0].now > SPEED_SECONDS * 1000) this.samples.shift();
    }

    totals() {
      let [size, sent, done] = [0, 0, 0];
      for (const item of this.items) {
        size += item.size;
        sent += item.state === "done" ? item.size : Math.min(item.sent, item.size);
        done += item.state === "done" ? 1 : 0;
      }
      return { count: this.items.length, size, sent, done };
    }

    // Bytes a second over the last few; 0 while nothing is known.
    speed() {
      if (this.samples.length < 2) return 0;
      const [first, last] = [this.samples[0], this.samples[this.samples.length - 1]];
      return Math.max(0, last.sent - first.sent) / Math.max(0.2, (last.now - first.now) / 1000);
    }

    // What the portal has of these files is taken back: it was handed over the other way.
    async takeBack(items) {
      for (const item of items) {
        await this.ask("DELETE", item.address);
        Object.assign(item, { address: null, sent: 0, stays: false, known: false, state: "chosen" });
        this.digest(item);
      }
    }

    // Names the digests of files that stay here, a few hundred at a time.
    async handOverDigests() {
      await this.takeBack(this.items.filter((item) => item.file && item.address && !item.stays));
      await Promise.all(this.items.filter((item) => item.digesting).map((item) => item.digesting));
      const fresh = this.items.filter((item) => !item.known);
      for (let at = 0; at < fresh.length; at += 500) {
        const files = fresh.slice(at, at + 500).map((item) => ({
          path: item.path, size: item.size, modified: item.modified, type: item.file.type, ...item.digests,
        }));
        await this.ask("POST", this.address("digests"), { files });
        for (const item of fresh.slice(at, at + 500)) {
          item.stays = true;
          this.mark(item, "done");
        }
      }
    }
  }

  window.Uploads = { Uploader, uuid };
})();
