import Foundation
import SocketIOCore
import Testing

/// One line of a file in `Tests/Vectors`; the README there says where they come from.
struct Vector: Sendable, CustomTestStringConvertible {
    var file: String
    var line: Int
    var kind: String
    var encoded: JSON
    var decoded: JSON
    var note: String

    var testDescription: String { "\(file):\(line) \(kind): \(note)" }

    /// `decoded` need not come back as `encoded` says, because the reference reads it differently.
    var isEncodeOnly: Bool { note.contains("encode only") }

    /// All vectors of these kinds. A missing or broken file ends the tests: without vectors they would prove
    /// nothing.
    static func load(_ file: String, _ kinds: String...) -> [Vector] {
        let found = all(file).filter { kinds.contains($0.kind) }
        precondition(!found.isEmpty, "no \(kinds) in \(file)")
        return found
    }

    static func all(_ file: String) -> [Vector] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        guard let data = try? Data(contentsOf: tests.appending(path: "Vectors/\(file).json")),
            case .array(let entries)? = try? JSON.parse(Array(data)[...])
        else { preconditionFailure("Tests/Vectors/\(file).json cannot be read") }
        return entries.enumerated().map { index, entry in
            Vector(
                file: file, line: index + 2, kind: entry["kind"]?.text ?? "",
                encoded: withBytes(entry["encoded"] ?? .null), decoded: withBytes(entry["decoded"] ?? .null),
                note: entry["note"]?.text ?? "")
        }
    }

    private static func withBytes(_ json: JSON) -> JSON {
        switch json {
        case .array(let elements):
            return .array(elements.map(withBytes))
        case .object(let members):
            if case .string(let base64)? = json["$bytes"], let data = Data(base64Encoded: base64) {
                return .binary(Array(data))
            }
            return .object(members.map { JSON.Member($0.key, withBytes($0.value)) })
        default:
            return json
        }
    }
}

extension JSON {
    var text: String? { if case .string(let text) = self { text } else { nil } }

    var number: String? { if case .number(let text) = self { text } else { nil } }

    var elements: [JSON] { if case .array(let elements) = self { elements } else { [] } }

    /// The bytes of a text or of bytes: what travels in one frame.
    var wire: [UInt8] {
        switch self {
        case .string(let text): Array(text.utf8)
        case .binary(let bytes): bytes
        default: []
        }
    }
}

extension String {
    /// For tests that compare bytes: a difference is printed as text.
    init(wire: [UInt8]) { self.init(decoding: wire, as: UTF8.self) }
}

extension EnginePacket {
    /// The packet a vector describes: `{type, data?}`.
    init?(_ described: JSON) {
        let data = described["data"]?.wire ?? []
        switch described["type"]?.text {
        case "open": self = .open(data)
        case "close": self = .close
        case "ping": self = .ping(data)
        case "pong": self = .pong(data)
        case "message":
            if case .binary(let bytes)? = described["data"] {
                self = .binary(bytes)
            } else {
                self = .message(data)
            }
        case "upgrade": self = .upgrade
        case "noop": self = .noop
        default: return nil
        }
    }
}

extension SocketPacket {
    /// The packet a vector describes: `{type, nsp, id?, data?}`, binary kinds as their plain ones.
    init?(_ described: JSON) {
        guard let number = described["type"]?.number, let raw = UInt8(number), let kind = Kind(rawValue: raw)
        else {
            return nil
        }
        let plain: Kind = kind == .binaryEvent ? .event : kind == .binaryAck ? .ack : kind
        self.init(
            plain, namespace: described["nsp"]?.text ?? "", id: described["id"]?.number,
            data: described["data"])
    }

    /// Equal as JavaScript sees it, to which an id past 2^53 is a rounded number.
    func isSame(as other: SocketPacket) -> Bool {
        var (a, b) = (self, other)
        (a.id, b.id) = (nil, nil)
        return a == b && id.flatMap(Double.init) == other.id.flatMap(Double.init)
    }
}
