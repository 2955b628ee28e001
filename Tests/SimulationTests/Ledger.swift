import SocketIO
import Synchronization

/// What the server has heard of each ``Talker``: the numbers, once and in order, and none behind an end.
final class Ledger: Sendable {
    /// Said behind an end: who hears it has heard too much.
    static let neverHeard = 1000
    /// Said beside an end, on a connection of its own: heard or not, as the answer says.
    static let perhapsHeard = 2000
    static let goodbye = "bye"

    private struct Page {
        var last = 0
        var others: Set<Int> = []
    }

    private let pages = Mutex<[String: Page]>([:])
    private let firstFault = Mutex<String?>(nil)

    var fault: String? { firstFault.withLock { $0 } }

    func hasHeard(_ number: Int, from sid: String) -> Bool {
        pages.withLock { pages in
            guard let page = pages[sid] else { return false }
            return number <= page.last || page.others.contains(number)
        }
    }

    private func note(_ number: Int, from sid: String) {
        let expected = pages.withLock { pages in
            let expected = pages[sid, default: Page()].last + 1
            if number >= Self.neverHeard {
                pages[sid, default: Page()].others.insert(number)
            } else {
                pages[sid, default: Page()].last = number
            }
            return expected
        }
        if number == expected || number == Self.perhapsHeard { return }
        firstFault.withLock { fault in
            fault = fault ?? "the server heard \(number) where \(expected) was to come"
        }
    }

    /// A server that says back what it hears, and leaves who says goodbye.
    func server() -> Server {
        var server = Server()
        server.serveEngine(below: "talk") { [self] socket, message in
            guard case .text(let text) = message else { return }
            guard let number = Int(text) else { return socket.close() }
            note(number, from: socket.id)
            socket.send(message)
        }
        return server
    }
}
