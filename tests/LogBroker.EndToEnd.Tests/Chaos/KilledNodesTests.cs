using System.Diagnostics;
using Google.Protobuf;
using LogBroker.Chaos;
using LogBroker.Client;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.TestKit;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Row 1 on three nodes, and what two dead nodes of three mean.</summary>
public sealed class KilledNodesTests
{
    [Fact]
    public Task Row01_kill_9_of_a_leader_of_a_follower_and_of_all_loses_nothing() =>
        SceneTest.RunAsync(SceneTest.Small, faults: 3, leaderChanges: 2, async scene =>
        {
            int leader = await scene.LeaderAsync();
            int epoch = scene.Leaders.EpochOf(0);
            await scene.FireAsync(ProcessFaults.Kill(scene, leader), async () =>
            {
                await scene.NewLeaderAsync(epoch);
                await scene.ProgressAsync(100);
            });
            int follower = ChaosScene.Others(await scene.LeaderAsync())[0];
            await scene.FireAsync(ProcessFaults.Kill(scene, follower), () => scene.ProgressAsync(100));
            await scene.FireAsync(ProcessFaults.Kill(scene, 1, 2, 3), () => Task.CompletedTask);
            await scene.ProgressAsync(100);
        });

    [Fact]
    public Task With_two_of_three_killed_a_produce_is_unavailable_in_time_and_what_was_acknowledged_is_on_each_replica_later() =>
        SceneTest.RunAsync(SceneTest.Small, faults: 1, leaderChanges: 0, async scene =>
        {
            int survivor = await scene.LeaderAsync();
            scene.Note("row 1: kill -9 of two of three nodes");
            await Task.WhenAll(ChaosScene.Others(survivor).Select(scene.Cluster.KillAsync));
            await RefuseAsync(scene, writer: 100);
            await ResignsAsync(scene, survivor);
            long acknowledged = scene.Load.Acked;
            await RefuseAsync(scene, writer: 101);
            Assert.Equal(acknowledged, scene.Load.Acked);
        });

    // Whoever asks the survivor itself hears that it does not lead.
    private static async Task ResignsAsync(ChaosScene scene, int survivor)
    {
        await using var client = new NodeClient(scene.Cluster.Network.ClientAddress(survivor));
        var value = new RecordValue(102, 0);
        using var builder = new BatchBuilder(Limits.BatchBytesMax);
        Assert.True(builder.TryAppend(0, ValueCoding.Key(value), ValueCoding.Value(value)));
        var answer = await client.ProduceAsync(
            new ProduceBatch { Topic = ChaosScene.Topic, Records = ByteString.CopyFrom(builder.Finish().Span) }, TimeSpan.FromSeconds(10));
        Assert.Equal("NOT_LEADER", TestClient.Explain(answer.Error).Reason);
    }

    // Until the survivor has noticed, the outcome is unknown; from then on the refusal is definite. Acknowledged is nothing.
    private static async Task RefuseAsync(ChaosScene scene, int writer)
    {
        var deadline = TimeSpan.FromSeconds(3);
        var grace = TimeSpan.FromSeconds(5);
        await using var client = scene.Load.NewClient("hopeless");
        for (int attempt = 0; ; attempt++)
        {
            var value = new RecordValue(writer, attempt);
            var record = new PlacedRecord(0, PlacedRecord.NoOffset, value);
            int invocation = scene.Recorder.Invoke(scene.Recorder.NewProcess(), OpAction.Send, record);
            var producer = client.CreateProducer(new ProducerOptions { DeliveryTimeout = deadline });
            long startedAt = Stopwatch.GetTimestamp();
            var refused = await Assert.ThrowsAnyAsync<LogBrokerException>(async () => await producer.ProduceAsync(
                ChaosScene.Topic, new ProducerRecord(ValueCoding.Key(value), ValueCoding.Value(value)) { Partition = 0 }));
            bool isUnknown = refused is OutcomeUnknownException;
            scene.Recorder.Complete(invocation, isUnknown ? OpType.Info : OpType.Fail, record);
            Assert.True(Stopwatch.GetElapsedTime(startedAt) < deadline + grace, $"refused after {Stopwatch.GetElapsedTime(startedAt)}");
            bool isUnavailable = refused is ServerUnreachableException
                || (!isUnknown && ErrorCatalogue.Get(refused.Reason).Exit is ExitCode.Unavailable);
            if (isUnavailable)
                return;
            Assert.True(isUnknown && attempt < 3, $"attempt {attempt}: {refused}");
        }
    }
}
