internal import SocketIOCore

/// What a client has heard, as the text behind every event that can be recovered.
///
///     number                          a server alone
///     origin number(.origin number)*  a cluster: first the node that has sent it, then what was heard of the others
///
/// A number alone would not do for a cluster: nodes send without asking each other, so each has an order of its own, and
/// what a client of one has heard is no beginning of what another has said. With a number for every node, each keeps its
/// order, and any node can tell what is missing.
///
/// - Units: an origin has six characters and a number seven, digits of base 64: 13 and a dot for each node that has
///   spoken in the namespace within the window.
/// - Limits: ``maxNodes``; a longer text is no offset.
struct RecoveryOffset: Equatable, Sendable {
    static let maxNodes = 256

    /// Of the node that has sent it; nil: of a server alone.
    let origin: String?
    /// The last event of that node, whosever it was, in its own order.
    let number: UInt64
    /// The last event of every other node.
    var heard: [String: UInt64] = [:]

    init(origin: String?, number: UInt64, heard: [String: UInt64] = [:]) {
        self.origin = origin
        self.number = number
        self.heard = heard
    }

    init?(_ text: String) {
        guard text.utf8.count < Self.maxNodes * 14 else { return nil }
        if text.utf8.count == 7 {
            guard let number = Base64URL.number(text) else { return nil }
            self.init(origin: nil, number: number)
            return
        }
        var units: [(origin: String, number: UInt64)] = []
        for unit in text.split(separator: ".", omittingEmptySubsequences: false) {
            guard unit.utf8.count == 13, let number = Base64URL.number(unit.suffix(Self.digits)),
                Base64URL.number(unit.prefix(6)) != nil
            else { return nil }
            units.append((String(unit.prefix(6)), number))
        }
        guard let first = units.first else { return nil }
        self.init(origin: first.origin, number: first.number)
        for unit in units.dropFirst() { heard[unit.origin] = unit.number }
    }

    var text: String {
        guard let origin else { return Self.text(number) }
        let others = heard.sorted { $0.key < $1.key }.map { "." + $0.key + Self.text($0.value) }
        return origin + Self.text(number) + others.joined()
    }

    /// Every node's last event that was heard.
    var all: [String: UInt64] {
        var all = heard
        if let origin { all[origin] = number }
        return all
    }

    /// Of a number.
    private static let digits = 7

    private static func text(_ number: UInt64) -> String { Base64URL.text(number, digits: digits) }
}
