/**
 * One object store of this browser (IndexedDB), durable and asked to be kept.
 *
 *   const store = await Store.open("notary-draws", "masters", ["draw", "party"])
 *   await store.within("readwrite", (objects) => objects.put(value))   // the request's result
 * Both reject when the browser keeps nothing: private window, storage full.
 */
export class Store {
  #database;
  #name;

  constructor(database, name) {
    this.#database = database;
    this.#name = name;
  }

  /** @param {string} database @param {string} name of the store @param {string|string[]} keyPath */
  static async open(database, name, keyPath) {
    const opened = await new Promise((resolve, reject) => {
      const request = indexedDB.open(database, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(name, { keyPath });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("blocked"));
    });
    // Asked once; a browser that says no may clear the store when the disk is full.
    if (navigator.storage && navigator.storage.persist) navigator.storage.persist().catch(() => {});
    return new Store(opened, name);
  }

  within(mode, act) {
    return new Promise((resolve, reject) => {
      const options = mode === "readwrite" ? { durability: "strict" } : {};
      const transaction = this.#database.transaction(this.#name, mode, options);
      const request = act(transaction.objectStore(this.#name));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
      transaction.onerror = () => reject(transaction.error);
    });
  }
}
