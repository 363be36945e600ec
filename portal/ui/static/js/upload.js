// window.Uploads: files of one draft on their way to the portal, in pieces that go on where they
// stopped (tus). Each is digested here as well, and the portal must have found the same.
(() => {
  "use strict";
  const PIECE = 32 * 1024 * 1024;
  // Up to this size a file is digested first, and then one request carries all there is to say.
  const SMALL = 4 * 1024 * 1024;
  const TOGETHER = 4;
  const DELAYS = [0, 1000, 2000, 4000, 8000, 15000, 30000];
  const SPEED_SECONDS = 4;

  const uuid = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };

  // An error that says what the portal said; `session` when it asked to sign in.
  class Refusal extends Error {
    constructor(message, { status = 0, code = "", field = null, session = false } = {}) {
      super(message);
      Object.assign(this, { status, code, field, session });
    }
  }

  // item: {path, size, file?, modified, digests?, sent, state, error?, address?}; state is one of
  // chosen, waiting, uploading, retrying, comparing, done, failed, missing (its file must be chosen
  // again).
  class Uploader {
    constructor({ addresses, token, draft, sm3, changed }) {
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
      return item.going || Promise.resolve();
    }

    // Resolves when every file is with the portal and compared; rejects with a Refusal.
    start() {
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

    transfer(item, digests) {
      return new Promise((resolve, reject) => {
        item.upload = new window.tus.Upload(item.file, {
          endpoint: this.addresses.uploads,
          uploadUrl: item.address || null,
          chunkSize: PIECE,
          uploadDataDuringCreation: true,
          storeFingerprintForResuming: false,
          retryDelays: DELAYS,
          headers: { "X-CSRFToken": this.token },
          metadata: {
            draft: this.draft, path: item.path, type: item.file.type,
            modified: String(item.file.lastModified), ...(digests || {}),
          },
          onShouldRetry: (error) => this.passing(item, error),
          onProgress: (sent) => {
            item.sent = sent;
            this.sample();
            this.mark(item, "uploading");
          },
          onUploadUrlAvailable: () => { item.address = new URL(item.upload.url, location.href).pathname; },
          onSuccess: resolve,
          onError: (error) => reject(this.refusal(item, error)),
        });
        item.upload.start();
      });
    }

    // Whether to try again by itself: a lost connection, a busy portal, a piece beside another.
    passing(item, error) {
      const answer = error.originalResponse;
      const status = answer ? answer.getStatus() : 0;
      if (this.signedOut(error)) return false;
      const passing = !status || status >= 500 || [409, 423, 429].includes(status);
      if (passing) this.mark(item, "retrying");
      return passing && this.codeOf(answer) !== "file_twice";
    }

    signedOut(error) {
      const request = error.originalRequest && error.originalRequest.getUnderlyingObject();
      return Boolean(request && (request.responseURL || "").includes("/signin"));
    }

    codeOf(answer) {
      try { return JSON.parse(answer.getBody()).error.code; } catch { return ""; }
    }

    refusal(item, error) {
      const answer = error.originalResponse;
      if (this.signedOut(error)) return new Refusal("session", { session: true });
      const status = answer ? answer.getStatus() : 0;
      item.lost = !status || status >= 500;
      if (status === 404) item.address = null; // it expired; the next try begins anew
      let said = {};
      try { said = JSON.parse(answer.getBody()).error || {}; } catch { /* not ours: see below */ }
      if (said.code === "digest_mismatch") Object.assign(item, { address: null, sent: 0 });
      return new Refusal(said.message || (item.lost ? "broken" : "refused"), { status, ...said });
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

    // Names the digests of files that stay here, a few hundred at a time.
    async handOverDigests() {
      await Promise.all(this.items.filter((item) => item.digesting).map((item) => item.digesting));
      const fresh = this.items.filter((item) => !item.known);
      for (let at = 0; at < fresh.length; at += 500) {
        const files = fresh.slice(at, at + 500).map((item) => ({
          path: item.path, size: item.size, modified: item.modified, type: item.file.type, ...item.digests,
        }));
        await this.ask("POST", this.address("digests"), { files });
        for (const item of fresh.slice(at, at + 500)) this.mark(item, "done");
      }
    }

    send(method, address, body) {
      const headers = { "X-CSRFToken": this.token, "Tus-Resumable": "1.0.0", Accept: "application/json" };
      if (body) headers["Content-Type"] = "application/json";
      return fetch(address, {
        method, headers, credentials: "same-origin", body: body ? JSON.stringify(body) : undefined,
      });
    }

    // The answer's JSON; rejects with a Refusal.
    async ask(method, address, body) {
      let answer;
      try { answer = await this.send(method, address, body); } catch { throw new Refusal("broken"); }
      if (answer.url.includes("/signin")) throw new Refusal("session", { session: true });
      const said = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
      if (answer.ok) return said;
      const error = said.error || {};
      const word = answer.status >= 500 ? "fault" : "refused";
      throw new Refusal(error.message || word, { status: answer.status, ...error });
    }
  }

  window.Uploads = { Uploader, uuid };
})();
