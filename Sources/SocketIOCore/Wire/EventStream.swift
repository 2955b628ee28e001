/// Server-Sent Events: pieces of a `text/event-stream`.
///
/// - Source: HTML Standard, "Parsing an event stream".
public enum EventStream {
    /// One event. `id` is what a reader sends as `Last-Event-ID` when it comes back; without `event` it is a
    /// "message".
    ///
    /// Each line of `data` gets a field of its own and the reader joins them with line feeds, so CR and CRLF
    /// arrive as LF. In `id` and `event` line ends and NUL, which the format cannot carry, are left out.
    public static func event(id: String?, event: String?, data: String) -> [UInt8] {
        var bytes: [UInt8] = []
        if let id { appendField("id", oneLine(id), to: &bytes) }
        if let event { appendField("event", oneLine(event), to: &bytes) }
        for line in lines(data) { appendField("data", line, to: &bytes) }
        bytes.append(0x0A)
        return bytes
    }

    /// What readers skip: it keeps a silent connection alive.
    public static func comment(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for line in lines(text) { appendField("", line, to: &bytes) }
        bytes.append(0x0A)
        return bytes
    }

    /// How long a reader waits before it comes back.
    public static func retry(milliseconds: Int) -> [UInt8] {
        Array("retry: \(max(milliseconds, 0))\n\n".utf8)
    }

    /// The blank behind the colon is the reader's to remove; without it a line that begins with one would
    /// lose it.
    private static func appendField(_ name: String, _ value: some Sequence<UInt8>, to bytes: inout [UInt8]) {
        bytes += name.utf8
        bytes += [UInt8(ascii: ":"), 0x20]
        bytes += value
        bytes.append(0x0A)
    }

    private static func oneLine(_ text: String) -> [UInt8] {
        text.utf8.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0 }
    }

    /// Split at LF, CR and CRLF; an empty text is one empty line.
    private static func lines(_ text: String) -> [ArraySlice<UInt8>] {
        let bytes = Array(text.utf8)
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            guard byte == 0x0A || byte == 0x0D else { continue }
            lines.append(bytes[start..<(index - 1)])
            if byte == 0x0D, index < bytes.count, bytes[index] == 0x0A { index += 1 }
            start = index
        }
        lines.append(bytes[start...])
        return lines
    }
}
