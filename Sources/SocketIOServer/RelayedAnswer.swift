/// Reads the answer of another node as it passes: where its head ends, how long its body is, whether it is the
/// beginning of a WebSocket. Only what speaks of this hop's connection is changed in it.
///
/// A value without I/O. The other node is one of ours, so lines end with CR LF and bodies come with a length or end
/// with the connection; anything else is an error.
///
/// - Source: RFC 9112, 6.3 (length of a body); RFC 9110, 7.6.1 (fields of a hop).
struct RelayedAnswer {
    enum Event: Equatable {
        /// To be passed on. The first of them is the whole head, and nothing else.
        case bytes([UInt8])
        /// The answer is whole.
        case end
        /// From here on the bytes go both ways as they are; the head of the answer is the first of them.
        case tunnel
        /// Not an answer of ours.
        case malformed
    }

    private enum State {
        case head
        case body(left: Int)
        case untilClosed
        case tunnel
        case over
    }

    /// Longer than any head of ours.
    static let maxHeadBytes = 16_384

    private var state = State.head
    private var head: [UInt8] = []
    private let isHead: Bool
    private let connectionField: String?

    /// - Parameters:
    ///   - isHead: The request's method has answers without a body.
    ///   - connectionField: What the client is told of its connection; nil: nothing, it stays.
    init(isHead: Bool, connectionField: String?) {
        self.isHead = isHead
        self.connectionField = connectionField
    }

    /// Something has been passed on, so that no other answer can be given.
    var hasBegun: Bool { if case .head = state { false } else { true } }

    /// Ends with the other node's connection, and so must the client's.
    var endsWithConnection: Bool { if case .untilClosed = state { true } else { false } }

    mutating func received(_ bytes: some Collection<UInt8>) -> [Event] {
        switch state {
        case .head:
            let before = head.count
            head += bytes
            guard let end = endOfHead(from: max(0, before - 3)) else {
                return head.count > Self.maxHeadBytes ? fail() : []
            }
            let rest = Array(head[end...])
            guard let first = begin(Array(head[..<end])) else { return fail() }
            head = []
            let start: [Event] = isTunnel ? [.tunnel, .bytes(first)] : [.bytes(first)]
            return start + (isOver ? [.end] : []) + (rest.isEmpty ? [] : received(rest))
        case .body(let left):
            guard bytes.count < left else {
                let isTooMuch = bytes.count > left
                state = .over
                return [.bytes(Array(bytes.prefix(left))), isTooMuch ? .malformed : .end]
            }
            state = .body(left: left - bytes.count)
            return [.bytes(Array(bytes))]
        case .untilClosed, .tunnel: return [.bytes(Array(bytes))]
        case .over: return [.malformed]
        }
    }

    private mutating func fail() -> [Event] {
        state = .over
        return [.malformed]
    }

    private var isTunnel: Bool { if case .tunnel = state { true } else { false } }
    private var isOver: Bool { if case .over = state { true } else { false } }

    private func endOfHead(from start: Int) -> Int? {
        guard head.count >= 4 else { return nil }
        for index in start...(head.count - 4)
        where head[index] == 13 && head[index + 1] == 10 && head[index + 2] == 13 && head[index + 3] == 10 {
            return index + 4
        }
        return nil
    }

    /// Takes the whole head; returns what the client gets of it. Nil when it is none.
    private mutating func begin(_ head: [UInt8]) -> [UInt8]? {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            return nil
        }
        if status == 101 {
            state = .tunnel
            return head
        }
        var length: Int?
        var kept = [String(lines[0])]
        for line in lines.dropFirst() {
            let name = line.prefix { $0 != ":" }.lowercased()
            if name == "content-length" {
                length = Int(line.drop { $0 != ":" }.dropFirst().filter { $0 != " " })
                guard let length, length >= 0 else { return nil }
            }
            if name != "connection" { kept.append(String(line)) }
        }
        if isHead || status == 204 || status == 304 { length = 0 }
        state = length.map { $0 == 0 ? .over : .body(left: $0) } ?? .untilClosed
        if let field = length == nil ? "close" : connectionField { kept.append("Connection: \(field)") }
        return Array((kept.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}
