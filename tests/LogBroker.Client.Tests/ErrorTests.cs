using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using LogBroker.Protocol;
using LogBroker.Rpc;
using StatusDetails = LogBroker.Protocol.StatusDetails;

namespace LogBroker.Client.Tests;

public sealed class ErrorTests
{
    public static TheoryData<ErrorCode> Codes => [.. ErrorCatalogue.Entries.Select(e => e.Code)];

    [Theory]
    [MemberData(nameof(Codes))]
    public void EveryReasonOfTheCatalogueIsKept(ErrorCode code)
    {
        var error = new BrokerError(code, "what is wrong") { Metadata = new Dictionary<string, string> { ["limit"] = "7" } };
        LogBrokerException e = CallErrors.ToException(
            StatusDetails.ToStatus(error), new CallStory("host:1", "t", 3, 2, TimeSpan.FromSeconds(1)));
        Assert.Equal(code, e.Reason);
        Assert.Equal("what is wrong", e.Message);
        Assert.Equal("7", e.Details["limit"]);
        Assert.Equal("host:1", e.Endpoint);
        Assert.Equal("t", e.Topic);
        Assert.Equal(3, e.Partition);
        Assert.Equal(2, e.Attempts);
        Assert.Equal(TimeSpan.FromSeconds(1), e.Elapsed);
        Assert.Equal(code == ErrorCode.OutcomeUnknown, e is OutcomeUnknownException);
        Assert.Equal(code != ErrorCode.OutcomeUnknown && ErrorCatalogue.Get(code).IsRetriable, e.IsRetriable);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, ErrorCode.None)]
    [InlineData(StatusCode.NotFound, ErrorCode.UnknownTopicOrPartition)]
    [InlineData(StatusCode.Unimplemented, ErrorCode.UnsupportedVersion)]
    [InlineData(StatusCode.DeadlineExceeded, ErrorCode.Timeout)]
    [InlineData(StatusCode.ResourceExhausted, ErrorCode.Busy)]
    [InlineData(StatusCode.Internal, ErrorCode.Internal)]
    [InlineData(StatusCode.Unknown, ErrorCode.Internal)]
    public void AStatusWithoutDetailsGetsTheClosestReason(StatusCode status, ErrorCode code)
    {
        LogBrokerException e = CallErrors.ToException(new Google.Rpc.Status { Code = (int)status, Message = "m" }, default);
        Assert.Equal(code, e.Reason);
        Assert.Equal(code == ErrorCode.None, e is ServerUnreachableException);
    }

    [Fact]
    public void AReasonOfANewerBrokerIsJudgedByItsStatus()
    {
        var status = new Google.Rpc.Status { Code = (int)StatusCode.ResourceExhausted, Message = "m" };
        status.Details.Add(Any.Pack(new ErrorInfo { Domain = ErrorCatalogue.Domain, Reason = "THROTTLED" }));
        Assert.Equal(ErrorCode.Busy, CallErrors.ToException(status, default).Reason);
    }

    [Fact]
    public async Task AnUnreachableServerIsNamedWithTheReason()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync();
        string address = broker.Address;
        await broker.KillAsync();
        await using var client = new LogBrokerClient(new LogBrokerClientOptions { Servers = address, ConnectTimeout = TimeSpan.Zero });
        var e = await Assert.ThrowsAsync<ServerUnreachableException>(() => client.Topics.GetAsync("t"));
        Assert.StartsWith($"cannot reach {address}: ", e.Message, StringComparison.Ordinal);
        Assert.True(e.IsRetriable);
        Assert.Equal(address, e.Endpoint);
        Assert.Equal("t", e.Topic);
    }

    [Fact]
    public async Task OneServerOfSeveralIsEnough()
    {
        await using FakeBroker dead = await FakeBroker.StartAsync();
        await dead.KillAsync();
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of($"{dead.Address},{broker.Address}");
        Assert.Equal("t", (await client.Topics.GetAsync("t")).Name);
        await using Producer producer = client.CreateProducer();
        Assert.Equal(0, (await producer.ProduceAsync("t", new ProducerRecord("x"u8.ToArray()))).Offset);
    }
}
