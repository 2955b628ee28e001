/// Socket.IO 0.9 payload: the packets of one polling body. One packet stands as it is; several are each
/// written U+FFFD, length, U+FFFD, packet.
///
/// - Units: length counts UTF-16 code units: "perché" is 6, "😀" is 2.
/// - Source: socket.io 0.9 `lib/parser.js`, `encodePayload`, `decodePayload`.
package enum PayloadV09 {
    private static let marker: [UInt8] = [0xEF, 0xBF, 0xBD]

    package static func encode(_ packets: [[UInt8]]) -> [UInt8] {
        if packets.count == 1 { return packets[0] }
        return packets.flatMap { packet in
            marker + Array(String(UTF16Length.count(packet)).utf8) + marker + packet
        }
    }

    /// The packets, not yet decoded.
    ///
    /// - Limits: `maxPackets`; one more is an error.
    /// - Errors: ``PayloadError``, beside the packets before the fault. The reference reports nothing and
    ///   goes on where it can; who wants the same ignores the error. A length beyond the end takes what is
    ///   there.
    package static func decode(_ body: [UInt8], maxPackets: Int) -> (packets: [[UInt8]], error: PayloadError?)
    {
        let body = UTF16Length.repaired(body)
        guard body.starts(with: marker) else {
            return maxPackets > 0 ? ([body], nil) : ([], .morePackets(than: maxPackets))
        }
        var packets: [[UInt8]] = []
        var index = 0
        do throws(PayloadError) {
            while index < body.count {
                let (start, length) = try header(at: index, in: body)
                guard packets.count < maxPackets else { throw .morePackets(than: maxPackets) }
                let end = try end(of: length, from: start, in: body)
                packets.append(Array(body[start..<end]))
                index = end
            }
        } catch {
            return (packets, error)
        }
        return (packets, nil)
    }

    /// Where the packet behind the header at `index` starts, and its length.
    private static func header(at index: Int, in body: [UInt8]) throws(PayloadError) -> (
        start: Int, length: Int
    ) {
        guard body[index...].starts(with: marker) else { throw .illegalFraming(body[index]) }
        let digits = body[(index + marker.count)...].prefix { $0.isDigit }
        guard let length = UTF16Length.parse(digits), body[digits.endIndex...].starts(with: marker) else {
            throw .illegalLength
        }
        return (digits.endIndex + marker.count, length)
    }

    private static func end(of length: Int, from start: Int, in body: [UInt8]) throws(PayloadError) -> Int {
        do {
            return try UTF16Length.end(of: length, from: start, in: body)
        } catch .shorter {
            return body.count
        }
    }
}
