using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc.Server;

namespace LogBroker.Client.Tests;

/// <summary>The service Tables of a fake broker: a fold of each partition's log.</summary>
internal static class FakeTables
{
    private const int EntriesPerAnswer = 2;

    public static void Add(GrpcServices services, FakeBroker broker)
    {
        services.Unary(GroupMethods.TableGet, (request, _) =>
        {
            FakePartition partition = Find(broker, request.Topic, request.Partition, request.AllowFollower);
            SortedDictionary<byte[], Protocol.V1.TableEntry> table = partition.Fold();
            var response = new TableGetResponse { Freshness = Freshness(partition) };
            response.Entries.Add(request.Keys.Select(k => table.GetValueOrDefault(k.ToByteArray())
                ?? new Protocol.V1.TableEntry { Key = k, Offset = -1 }));
            return new ValueTask<TableGetResponse>(response);
        });
        services.ServerStreaming(GroupMethods.TableScan, async (request, responses, context) =>
        {
            FakePartition partition = Find(broker, request.Topic, request.Partition, request.AllowFollower);
            Protocol.V1.TableEntry[] found =
            [
                .. partition.Fold()
                    .Where(e => e.Key.AsSpan().StartsWith(request.Prefix.Span)
                        && (request.After.IsEmpty || e.Key.AsSpan().SequenceCompareTo(request.After.Span) > 0))
                    .Select(static e => e.Value),
            ];
            int answers = 0;
            foreach (Protocol.V1.TableEntry[] some in found.Chunk(EntriesPerAnswer))
            {
                if (answers++ > 0 && broker.LosesAnswer)
                {
                    broker.LoseAnswerOnce();
                }

                var response = new TableScanResponse { Freshness = Freshness(partition) };
                response.Entries.Add(some);
                await responses.WriteAsync(response, cancellationToken: context.CancellationToken);
            }
        });
    }

    private static FakePartition Find(FakeBroker broker, string topic, int partition, bool allowsFollower)
    {
        if (!broker.TryGetTopic(topic, out FakePartition[] partitions))
        {
            throw FakeBroker.Error(ErrorCode.UnknownTopicOrPartition, $"topic \"{topic}\" does not exist");
        }

        if (!allowsFollower)
        {
            broker.RequireLeader(partition);
        }

        return broker.IsTable(topic)
            ? partitions[partition]
            : throw FakeBroker.Error(ErrorCode.NotATable, $"topic \"{topic}\" is not compacted");
    }

    private static Protocol.V1.TableFreshness Freshness(FakePartition partition) =>
        new() { AppliedOffset = partition.End, HighWatermark = partition.End };
}
