internal import NIOCore
internal import SocketIO

/// A poll as it stood on the wire, by which the next one is known without being parsed.
///
/// A client polls in the same words again and again, but for its cache buster (`t`). What is the same byte for byte
/// means the same, so of such a request only that is read.
final class RepeatedRequest {
    let poll: RepeatablePoll
    private let start: [UInt8]
    /// What follows the value of `t`; empty when there is none.
    private let end: [UInt8]
    private let hasTag: Bool

    /// - Parameter request: one whole request without a body.
    init(_ request: ByteBuffer, _ poll: RepeatablePoll) {
        self.poll = poll
        let bytes = Array(request.readableBytesView)
        guard let value = Self.tag(in: bytes) else {
            start = bytes
            end = []
            hasTag = false
            return
        }
        start = Array(bytes[..<value.lowerBound])
        end = Array(bytes[value.upperBound...])
        hasTag = true
    }

    /// The value of the first `t` of the query, where its characters stand for themselves.
    private static func tag(in bytes: [UInt8]) -> Range<Int>? {
        var index = 0
        while index + 2 < bytes.count, bytes[index] != 13 {
            let isName =
                (bytes[index] == UInt8(ascii: "?") || bytes[index] == UInt8(ascii: "&"))
                && bytes[index + 1] == UInt8(ascii: "t") && bytes[index + 2] == UInt8(ascii: "=")
            if isName {
                var stop = index + 3
                while stop < bytes.count, isPlain(bytes[stop]) { stop += 1 }
                return index + 3..<stop
            }
            index += 1
        }
        return nil
    }

    /// Letters, digits, `-`, `.` and `_`.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
        default: false
        }
    }

    /// The cache buster of a request that is otherwise the same, or "" where there is none; nil when it is another request.
    func tag(in request: ByteBuffer) -> String? {
        request.withUnsafeReadableBytes { bytes in
            guard bytes.count >= start.count + end.count, bytes.prefix(start.count).elementsEqual(start),
                bytes.suffix(end.count).elementsEqual(end)
            else { return nil }
            let value = bytes[start.count..<(bytes.count - end.count)]
            guard hasTag ? value.allSatisfy(Self.isPlain) : value.isEmpty else { return nil }
            return String(decoding: value, as: UTF8.self)
        }
    }
}
