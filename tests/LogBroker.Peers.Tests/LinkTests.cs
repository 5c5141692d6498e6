using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Server;

namespace LogBroker.Peers.Tests;

/// <summary>Two nodes and what goes between them.</summary>
public sealed class LinkTests
{
    [Fact]
    public async Task Every_message_arrives_as_it_was_sent_with_its_sender()
    {
        var (one, two) = await TestNode.PairAsync();
        await using var oneEnd = one;
        await using var twoEnd = two;
        PeerMessage[] questions = [.. PeerSamples.Questions];
        PeerMessage[] answers = [.. PeerSamples.Answers];
        foreach (var message in questions)
            one.Send(2, message);
        foreach (var message in answers)
            two.Send(1, message);
        await two.Receiver.WaitAsync<ToldMessage>(questions.Length);
        await one.Receiver.WaitAsync<ToldMessage>(answers.Length);
        Assert.All(questions.Zip(two.Receiver.Messages), pair => PeerSamples.Same(pair.First, pair.Second));
        Assert.All(answers.Zip(one.Receiver.Messages), pair => PeerSamples.Same(pair.First, pair.Second));
        Assert.All(two.Receiver.All.OfType<ToldMessage>(), told => Assert.Equal(one.Self, told.From));
        Assert.All(one.Receiver.All.OfType<ToldUp>(), told => Assert.Equal(two.Self, told.Peer));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(61)]
    [InlineData(64 * 1024)]
    [InlineData((3 * 1024 * 1024) + 17)]
    [InlineData(Limits.BatchBytesMax)]
    public async Task Items_arrive_byte_for_byte_and_their_lease_is_given_back_once(int length)
    {
        var (one, two) = await TestNode.PairAsync();
        await using var oneEnd = one;
        await using var twoEnd = two;
        var slice = FakeSlice.Random(length);
        two.Send(1, PeerSamples.Answer(slice));
        var told = await one.Receiver.WaitAsync<ToldMessage>();
        var message = Assert.IsType<PartitionMessage>(told.Message);
        Assert.True(message.Received!.Value.Span.SequenceEqual(slice.ToArray()));
        message.Received.Value.Return();
        PeerSamples.Same(PeerSamples.Answer(null), message with { Received = null });
        await two.Receiver.WaitAsync<ToldDrained>();
        Assert.Equal((1, 0L), (slice.Disposed, two.Transport.QueuedBytes(new NodeId(1))));
    }

    [Fact]
    public async Task A_lease_that_cannot_be_read_costs_its_answer_and_not_the_link()
    {
        var (one, two) = await TestNode.PairAsync();
        await using var oneEnd = one;
        await using var twoEnd = two;
        var bad = FakeSlice.Random(1024 * 1024, failsAt: 300_000);
        var good = FakeSlice.Random(1000);
        two.Send(1, PeerSamples.Answer(bad));
        two.Send(1, PeerSamples.Answer(good));
        var told = await one.Receiver.WaitAsync<ToldMessage>();
        Assert.Equal(good.Length, ((PartitionMessage)told.Message).Received!.Value.Length);
        Assert.Single(one.Receiver.All.OfType<ToldMessage>());
        Assert.Empty(one.Receiver.All.OfType<ToldDown>());
        Assert.Equal(1, bad.Disposed);
        Assert.Single(two.Log.Of(1059));
    }

    [Fact]
    public async Task What_has_no_link_is_dropped_and_its_lease_given_back()
    {
        var nodes = TestNode.Nodes(3);
        await using var one = await TestNode.StartAsync(nodes, 1);
        var toAbsent = FakeSlice.Random(100);
        var toUnknown = FakeSlice.Random(100);
        one.Send(2, PeerSamples.Answer(toAbsent));
        one.Send(9, PeerSamples.Answer(toUnknown));
        one.Send(2, PeerSamples.Vote);
        Assert.Equal((1, 1), (toAbsent.Disposed, toUnknown.Disposed));
        await one.DisposeAsync();
        var afterEnd = FakeSlice.Random(100);
        one.Send(2, PeerSamples.Answer(afterEnd));
        Assert.Equal(1, afterEnd.Disposed);
    }

    [Fact]
    public async Task Leases_are_given_back_when_the_link_breaks_and_there_is_room_again()
    {
        var nodes = TestNode.Nodes(2);
        await using var one = await TestNode.StartAsync(nodes, 1);
        await using var raw = new RawPeer(one, node: 2);
        await raw.ProveAsync();
        await one.Receiver.WaitAsync<ToldUp>();
        FakeSlice[] slices = [.. Enumerable.Range(0, 40).Select(_ => FakeSlice.Random(1024 * 1024))];
        foreach (var slice in slices)
            one.Send(2, PeerSamples.Answer(slice));
        Assert.True(one.Transport.QueuedBytes(new NodeId(2)) > 16 * 1024 * 1024);
        raw.Break();
        await one.Receiver.WaitAsync<ToldDown>();
        await one.Receiver.WaitAsync<ToldDrained>();
        Assert.Equal(0, one.Transport.QueuedBytes(new NodeId(2)));
        await one.DisposeAsync();
        while (slices.Any(slice => slice.Disposed == 0))
        {
            // The writer that held the last one lets go of it on its own thread.
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.All(slices, slice => Assert.Equal(1, slice.Disposed));
    }

    [Fact]
    public async Task Room_is_told_when_half_of_the_bytes_are_written()
    {
        var nodes = TestNode.Nodes(2);
        await using var one = await TestNode.StartAsync(nodes, 1, s => s with { ItemsBytesMax = 8 * 1024 * 1024 });
        await using var raw = new RawPeer(one, node: 2);
        await raw.ProveAsync();
        await one.Receiver.WaitAsync<ToldUp>();
        for (int i = 0; i < 80; i++)
            one.Send(2, PeerSamples.Answer(FakeSlice.Random(512 * 1024)));
        Assert.True(one.Transport.QueuedBytes(new NodeId(2)) > 8 * 1024 * 1024); // Nobody has read anything yet.
        var reading = raw.EndAsync();
        await one.Receiver.WaitAsync<ToldDrained>(3); // at a half, at an eighth, and at nothing
        raw.Break();
        await reading;
    }

    [Fact]
    public async Task Too_many_messages_cut_the_link()
    {
        var nodes = TestNode.Nodes(2);
        await using var one = await TestNode.StartAsync(nodes, 1, s => s with { MessagesMax = 1000 });
        await using var raw = new RawPeer(one, node: 2);
        await raw.ProveAsync();
        await one.Receiver.WaitAsync<ToldUp>();
        var slice = FakeSlice.Random(32 * 1024 * 1024); // Nobody reads it: the writer waits in its middle.
        one.Send(2, PeerSamples.Answer(slice));
        for (int i = 0; i < 2000; i++)
            one.Send(2, PeerSamples.VoteResult);
        var down = await one.Receiver.WaitAsync<ToldDown>();
        Assert.False(down.IsGone);
        Assert.Contains("more than 1000 messages", await one.Log.WaitAsync(1053), StringComparison.Ordinal);
        await one.DisposeAsync();
        Assert.Equal(1, slice.Disposed);
    }

    [Fact]
    public async Task A_peer_that_comes_back_is_linked_anew_with_its_new_boot()
    {
        var nodes = TestNode.Nodes(2);
        await using var one = await TestNode.StartAsync(nodes, 1);
        var directory = TestNode.Identity(2);
        await using (await TestNode.StartAsync(nodes, 2, self: directory))
            await one.Receiver.WaitAsync<ToldUp>(2);
        await one.Receiver.WaitAsync<ToldDown>(2);
        var reborn = directory with { Boot = new BootId(Guid.NewGuid()) };
        await using var two = await TestNode.StartAsync(nodes, 2, self: reborn);
        await one.Receiver.WaitAsync<ToldUp>(2, up => up.Peer == reborn);
        two.Send(1, PeerSamples.Fetch);
        Assert.Equal(reborn, (await one.Receiver.WaitAsync<ToldMessage>()).From);
    }

    [Fact]
    public async Task The_end_of_a_process_is_told_from_the_end_of_a_link()
    {
        var nodes = TestNode.Nodes(2);
        await using var one = await TestNode.StartAsync(nodes, 1, Patient);
        using var child = await ChildNode.StartAsync(nodes);
        await one.Receiver.WaitAsync<ToldUp>(2);
        child.Kill();
        await one.Receiver.WaitAsync<ToldDown>(2);
        Assert.All(one.Receiver.All.OfType<ToldDown>(), down => Assert.True(down.IsGone));
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_link_that_breaks_while_its_process_lives_is_not_the_end_of_the_process()
    {
        var nodes = TestNode.Nodes(2);
        await using var one = await TestNode.StartAsync(nodes, 1);
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPEndPoint.Parse(nodes[1].PeerAddress));
        listener.Start();
        await using var raw = new RawPeer(one, node: 2);
        await raw.ProveAsync();
        await one.Receiver.WaitAsync<ToldUp>();
        raw.Break();
        Assert.False((await one.Receiver.WaitAsync<ToldDown>()).IsGone);
    }

    [Fact]
    public async Task An_accepted_link_that_breaks_is_looked_into_by_dialing()
    {
        var nodes = TestNode.Nodes(2);
        await using var one = await TestNode.StartAsync(nodes, 1, Patient);
        await using var raw = new RawPeer(one, node: 2);
        await raw.ProveAsync();
        await one.Receiver.WaitAsync<ToldUp>();
        raw.Break();
        Assert.True((await one.Receiver.WaitAsync<ToldDown>()).IsGone); // nobody listens at the address of node 2
    }

    /// <summary>On a loaded machine the answer may take a while.</summary>
    private static PeerTransportSettings Patient(PeerTransportSettings settings) =>
        settings with { ProbeTime = TimeSpan.FromSeconds(30) };
}
