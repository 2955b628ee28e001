/// Names under which pages of all generations ask for the client script.
enum ClientScriptName {
    /// `socket.io.js`, `socket.io.min.js`, 0.9's `socket.io.v0.9.11.js` and `socket.io+websocket+xhr-polling.js`.
    static func isOne(_ name: String) -> Bool {
        guard name.hasPrefix("socket.io"), name.hasSuffix(".js"), name.utf8.count <= 128 else { return false }
        let middle = name.dropFirst("socket.io".count).dropLast(".js".count)
        return middle.isEmpty || middle == ".min" || middle.hasPrefix(".v") || middle.hasPrefix("+")
    }
}
