import SocketIOServer
import Testing

@testable import dante

@Suite struct ChatRoomTests {
    private var room = ChatRoom(ChatLimits(maxName: 5, maxMessage: 10, burst: 2, interval: .seconds(1)))
    private let start = Instant(nanoseconds: 5_000_000_000)

    init() {
        room.arrived("a")
        room.arrived("b")
    }

    @Test mutating func peopleAreCountedByTheirNames() {
        #expect(room.count == 0)
        #expect(room.named("a", " Ann ") == .joined(name: "Ann", count: 1))
        #expect(room.named("b", "Bob") == .joined(name: "Bob", count: 2))
        #expect(room.left("a").map { "\($0)" } == #"(name: "Ann", count: 1)"#)
        #expect(room.left("a") == nil)
        #expect(room.count == 1)
    }

    @Test mutating func aGuestWithoutANameLeavesUnheard() {
        #expect(room.left("a") == nil)
        #expect(room.count == 0)
    }

    @Test mutating func aSecondNameIsIgnored() {
        _ = room.named("a", "Ann")
        #expect(room.named("a", "Eve") == .nothing)
        #expect(room.said("a", "hi", at: start) == .message(name: "Ann", text: "hi"))
        #expect(room.count == 1)
    }

    @Test(arguments: [
        ("", "A name needs letters."), ("\u{7}", "A name needs letters."),
        ("Annabel", "A name may have 5 characters."),
        ("e\u{301}\u{301}\u{301}\u{301}\u{301}", "A name may have 5 characters."),
    ])
    func aNameIsRefusedWithAReason(name: String, reason: String) {
        var room = room
        #expect(room.named("a", name) == .refused(reason))
        #expect(room.named("a", "Ann") == .joined(name: "Ann", count: 1), "and another may be tried")
    }

    @Test mutating func whoHasNoNameMaySayNothing() {
        #expect(room.said("a", "hi", at: start) == .refused("Say your name first."))
        #expect(room.typed("a", isTyping: true, at: start) == .nothing)
        #expect(room.said("nobody", "hi", at: start) == .refused("Say your name first."))
    }

    @Test mutating func messagesAreBounded() {
        _ = room.named("a", "Ann")
        #expect(room.said("a", "  0123456789 ", at: start) == .message(name: "Ann", text: "0123456789"))
        #expect(room.said("a", "0123456789x", at: start) == .refused("A message may have 10 characters."))
        let later = start + .seconds(10)
        #expect(room.said("a", " \n ", at: later) == .refused("There is nothing to read in it."))
    }

    @Test mutating func messagesHaveARateEachGuestItsOwn() {
        _ = room.named("a", "Ann")
        _ = room.named("b", "Bob")
        for _ in 0..<2 { #expect(room.said("a", "hi", at: start) == .message(name: "Ann", text: "hi")) }
        #expect(room.said("a", "hi", at: start) == .refused("That was too fast: wait 1 s."))
        #expect(room.said("b", "hi", at: start) == .message(name: "Bob", text: "hi"))
        #expect(room.said("a", "hi", at: start + .seconds(1)) == .message(name: "Ann", text: "hi"))
    }

    @Test mutating func typingIsToldWhenItChanges() {
        _ = room.named("a", "Ann")
        #expect(room.typed("a", isTyping: false, at: start) == .nothing)
        #expect(room.typed("a", isTyping: true, at: start) == .typing(name: "Ann"))
        #expect(room.typed("a", isTyping: true, at: start) == .nothing)
        #expect(room.typed("a", isTyping: false, at: start) == .stoppedTyping(name: "Ann"))
        #expect(room.typed("a", isTyping: true, at: start) == .typing(name: "Ann"))
        #expect(room.typed("a", isTyping: false, at: start) == .stoppedTyping(name: "Ann"))
        #expect(room.typed("a", isTyping: true, at: start) == .nothing, "the rate")
        #expect(room.said("a", "hi", at: start) == .message(name: "Ann", text: "hi"), "has a rate of its own")
    }

    /// The example's page says nothing more when a message is sent while it shows that somebody types.
    @Test mutating func aMessageEndsTyping() {
        _ = room.named("a", "Ann")
        _ = room.typed("a", isTyping: true, at: start)
        _ = room.said("a", "hi", at: start)
        #expect(room.typed("a", isTyping: true, at: start) == .typing(name: "Ann"))
    }
}
