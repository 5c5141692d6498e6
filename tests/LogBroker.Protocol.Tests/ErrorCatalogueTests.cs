using System.Buffers;
using Google.Protobuf;
using Google.Rpc;
using LogBroker.Protocol.V1;
using RpcStatus = Google.Rpc.Status;

namespace LogBroker.Protocol.Tests;

public sealed class ErrorCatalogueTests
{
    [Fact]
    public void Codes_catalogue_and_proto_enum_are_the_same()
    {
        var proto = ErrorsReflection.Descriptor.EnumTypes.Single(e => e.Name == "ErrorReason").Values
            .Where(v => v.Number != 0)
            .ToDictionary(v => v.Number, v => v.Name);
        Assert.Equal(proto.Keys.Order(), ErrorCatalogue.Entries.Select(e => (int)e.Code));
        Assert.Equal(proto.Keys.Prepend(0).Order(), System.Enum.GetValues<ErrorCode>().Select(c => (int)c));
        Assert.All(ErrorCatalogue.Entries, e => Assert.Equal(proto[(int)e.Code], "ERROR_REASON_" + e.Reason));
        Assert.All(ErrorCatalogue.Entries, e => Assert.Equal(e.Reason.Replace("_", ""), e.Code.ToString().ToUpperInvariant()));
    }

    [Fact]
    public void Every_entry_says_cause_action_and_mappings()
    {
        Assert.All(ErrorCatalogue.Entries, e =>
        {
            Assert.EndsWith(".", e.Cause, StringComparison.Ordinal);
            Assert.EndsWith(".", e.ClientAction, StringComparison.Ordinal);
            Assert.NotEqual(CanonicalStatus.Ok, e.Status);
            Assert.NotEqual(ExitCode.Ok, e.Exit);
            Assert.Same(e, ErrorCatalogue.Get(e.Code));
            Assert.Same(e, ErrorCatalogue.Find(e.Reason));
        });
        Assert.Null(ErrorCatalogue.Find("NO_SUCH_REASON"));
    }

    [Fact]
    public void Every_error_survives_the_wire()
    {
        foreach (ErrorCatalogueEntry entry in ErrorCatalogue.Entries)
        {
            var metadata = new Dictionary<string, string> { ["topic"] = "\"orders\"", ["limit"] = "5" };
            RpcStatus status = RpcStatus.Parser.ParseFrom(
                StatusDetails.ToStatus(new BrokerError(entry.Code, "what happened") { Metadata = metadata }).ToByteString());
            Assert.Equal((int)entry.Status, status.Code);
            BrokerError back = StatusDetails.ToError(status);
            Assert.Equal(entry.Code, back.Code);
            Assert.Equal("what happened", back.Message);
            Assert.Equal(metadata, back.Metadata);
        }
    }

    [Fact]
    public void Details_are_what_stock_clients_unpack()
    {
        RpcStatus status = StatusDetails.ToStatus(new BrokerError(ErrorCode.Busy, "queue is full"));
        Assert.True(status.Details[0].TryUnpack(out ErrorInfo info));
        Assert.Equal(("BUSY", "logbroker"), (info.Reason, info.Domain));
        Assert.True(status.Details[1].TryUnpack(out RetryInfo retry));
        Assert.Equal(TimeSpan.FromMilliseconds(100), retry.RetryDelay.ToTimeSpan());
        Assert.Equal(TimeSpan.FromMilliseconds(100), StatusDetails.RetryDelayOf(status));
    }

    [Theory]
    [InlineData(ErrorCode.Busy, true)]
    [InlineData(ErrorCode.DiskFull, true)]
    [InlineData(ErrorCode.ShuttingDown, true)]
    [InlineData(ErrorCode.CorruptBatch, false)]
    [InlineData(ErrorCode.NotLeader, false)]
    public void Only_errors_that_waiting_helps_say_how_long(ErrorCode code, bool hasDelay) =>
        Assert.Equal(hasDelay, StatusDetails.RetryDelayOf(StatusDetails.ToStatus(new BrokerError(code, ""))) is not null);

    [Fact]
    public void Statuses_that_are_not_understood_keep_their_message()
    {
        var newer = new RpcStatus { Code = 9, Message = "new kind" };
        newer.Details.Add(Google.Protobuf.WellKnownTypes.Any.Pack(new ErrorInfo { Domain = "logbroker", Reason = "BRAND_NEW" }));
        BrokerError error = StatusDetails.ToError(newer);
        Assert.Equal((ErrorCode.Internal, "new kind", "BRAND_NEW"), (error.Code, error.Message, error.Metadata["reason"]));

        var foreign = new RpcStatus { Code = 14, Message = "proxy says no" };
        Assert.Equal("Unavailable", StatusDetails.ToError(foreign).Metadata["grpcStatus"]);

        foreign.Details.Add(new Google.Protobuf.WellKnownTypes.Any
        {
            TypeUrl = "type.googleapis.com/google.rpc.ErrorInfo",
            Value = ByteString.CopyFrom(0xFF, 0xFF),
        });
        Assert.Equal(ErrorCode.Internal, StatusDetails.ToError(foreign).Code);
    }

    [Fact]
    public void A_name_cache_returns_one_string_per_name_and_stays_bounded()
    {
        var cache = new NameCache(2);
        string first = cache.Get(new ReadOnlySequence<byte>("orders"u8.ToArray()));
        Assert.Same(first, cache.Get(Sequences.Cut("orders"u8.ToArray(), 0, 1, 3)));
        cache.Get(new ReadOnlySequence<byte>("b"u8.ToArray()));
        string third = cache.Get(new ReadOnlySequence<byte>("c"u8.ToArray()));
        Assert.Equal("c", third);
        Assert.NotSame(third, cache.Get(new ReadOnlySequence<byte>("c"u8.ToArray())));
        Assert.Equal("\uFFFD", cache.Get(new ReadOnlySequence<byte>([0xFF])));
        Assert.Equal(300, cache.Get(new ReadOnlySequence<byte>(new byte[300])).Length);
    }
}
