/// Payloads inside scripts, for browsers that could read other sites' answers in no other way, and the forms
/// those browsers post.
///
/// In every script `<`, U+2028 and U+2029 are escaped. The references leave some of them as they are; the
/// text that arrives is the same, but `</script>` cannot end the element early.
///
/// - Source: engine.io `lib/transports/polling-jsonp.ts`; socket.io 0.9 `lib/transports/jsonp-polling.js`,
///   `htmlfile.js`.
package enum ScriptEnvelope {
    /// An Engine.IO answer, `___eio[j]("…");`. Only the digits of `index` are kept, as in the reference, and
    /// at most 20: it comes from a URL and ends in a script.
    package static func engine(index: String, payload: [UInt8]) -> [UInt8] {
        Array("___eio[\(digits(index))](".utf8) + quoted(payload) + Array(");".utf8)
    }

    /// A Socket.IO 0.9 answer, `io.j[i]("…");`. An index that is not all digits is 0, as in the reference.
    package static func v09(index: String, payload: [UInt8]) -> [UInt8] {
        let kept = digits(index)
        let isIndex = !kept.isEmpty && kept.utf8.count == index.utf8.count
        return Array("io.j[\(isIndex ? kept : "0")](".utf8) + quoted(payload) + Array(");".utf8)
    }

    /// The first piece of a 0.9 htmlfile answer. Internet Explorer runs nothing before it has 256 bytes,
    /// hence the blanks.
    package static let htmlfileStart: [UInt8] = {
        let head = "<html><body><script>var _ = function (msg) { parent.s._(msg, document); };</script>".utf8
        return Array(head) + [UInt8](repeating: 0x20, count: 256 - head.count)
    }()

    /// A packet on a 0.9 htmlfile answer, a script element of its own.
    package static func htmlfile(_ packet: [UInt8]) -> [UInt8] {
        Array("<script>_(".utf8) + quoted(packet) + Array(");</script>".utf8)
    }

    /// The payload in a form that an Engine.IO client posted; nil without a field `d`.
    ///
    /// Browsers turn line feeds in forms into CRLF, so the client sends a line feed as backslash-n, and a
    /// backslash-n with one more backslash before it. This is undone here.
    package static func enginePost(_ form: [UInt8]) -> [UInt8]? {
        guard let field = Query.formField("d", in: form[...]) else { return nil }
        var payload: [UInt8] = []
        payload.reserveCapacity(field.count)
        var backslashes = 0
        for byte in field {
            if byte == UInt8(ascii: "n"), backslashes > 0 {
                payload.removeLast()
                payload.append(backslashes == 1 ? 0x0A : byte)
            } else {
                payload.append(byte)
            }
            backslashes = byte == UInt8(ascii: "\\") ? backslashes + 1 : 0
        }
        return payload
    }

    /// The payload in a form that a 0.9 client posted: field `d`, a JSON string. Nil when that is missing or
    /// something else.
    package static func v09Post(_ form: [UInt8]) -> [UInt8]? {
        guard let field = Query.formField("d", in: form[...]),
            case .string(let payload)? = try? JSON.parse(field[...])
        else { return nil }
        return Array(payload.utf8)
    }

    private static func digits(_ index: String) -> String {
        String(decoding: index.utf8.lazy.filter { $0.isDigit }.prefix(20), as: UTF8.self)
    }

    private static func quoted(_ text: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(isScript: true)
        writer.write(String(decoding: text, as: UTF8.self))
        return writer.bytes
    }
}
