using Google.Protobuf;
using LogBroker.Chaos;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;
using LogBroker.TestKit;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Rows 21 to 27: networks that are cut, in namespaces and by proxies.</summary>
public sealed class CutNetworkTests
{
    private const int Seed = 11;
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Row21_22_23_25_in_namespaces_isolated_unheard_separated_and_narrow_nodes_lose_nothing_and_others_lead()
    {
        var network = await SceneTest.OrSkipAsync(NamespaceNetwork.MakeAsync());
        await SceneTest.RunAsync(SceneTest.Small with { Network = network }, faults: 5, leaderChanges: 2, async scene =>
        {
            var random = new Random(Seed);
            await FireAtLeaderAsync(scene, leader => NetworkFaults.Isolate(scene, leader, random));
            await FireAtLeaderAsync(scene, leader => NetworkFaults.Mute(scene, leader, random));
            await FireAtLeaderAsync(scene, leader => NetworkFaults.Deafen(scene, leader, random));
            int last = await scene.LeaderAsync();
            await scene.FireAsync(
                NetworkFaults.Separate(scene, last, ChaosScene.Others(last)[0], random), () => scene.ProgressAsync(60));
            await scene.FireAsync(NetworkFaults.Narrow(scene, await scene.LeaderAsync()), () => scene.ProgressAsync(60));
        });
    }

    [Fact]
    public Task Row22_a_leader_that_hears_nobody_or_is_heard_by_nobody_is_replaced() =>
        SceneTest.RunAsync(SceneTest.Small with { Network = new ProxyNetwork() }, faults: 2, leaderChanges: 2, async scene =>
        {
            var random = new Random(Seed);
            await FireAtLeaderAsync(scene, leader => NetworkFaults.Mute(scene, leader, random));
            await FireAtLeaderAsync(scene, leader => NetworkFaults.Deafen(scene, leader, random));
        });

    [Fact]
    public Task Row24_25_flapping_links_clogs_delays_and_resets_lose_nothing() =>
        SceneTest.RunAsync(SceneTest.Small with { Network = new ProxyNetwork() }, faults: 4, leaderChanges: 0, async scene =>
        {
            var random = new Random(Seed);
            foreach (string kind in new[] { "links flap", "swizzle-clog", "everything is late", "connections are reset" })
            {
                var fault = NetworkFaults.All.Single(k => k.Name == kind).Make(scene, random);
                await scene.FireAsync(fault, () => Task.CompletedTask);
                await scene.ProgressAsync(60);
            }
        });

    [Fact]
    public Task Row26_27_lost_answers_and_late_requests_duplicate_nothing() =>
        SceneTest.RunAsync(SceneTest.Small with { Network = new ProxyNetwork() }, faults: 2, leaderChanges: 1, async scene =>
        {
            int leader = await scene.LeaderAsync();
            int epoch = scene.Leaders.EpochOf(0);
            await scene.FireAsync(NetworkFaults.LoseAnswers(scene, leader), () => Wait.ForAsync(TimeSpan.FromSeconds(1)));
            await scene.ProgressAsync(60);
            leader = await scene.LeaderAsync();
            epoch = scene.Leaders.EpochOf(0);
            await scene.FireAsync(NetworkFaults.HoldRequests(scene, leader), () => scene.NewLeaderAsync(epoch));
            await scene.ProgressAsync(60);
        });

    [Fact]
    public Task Row27_a_request_delivered_again_after_a_failover_to_the_new_and_the_old_leader_writes_nothing() =>
        SceneTest.RunAsync(SceneTest.Small, faults: 1, leaderChanges: 1, async scene =>
        {
            int old = await scene.LeaderAsync();
            int epoch = scene.Leaders.EpochOf(0);
            await using var oldClient = new NodeClient(scene.Cluster.Network.ClientAddress(old));
            var value = new RecordValue(100, 0);
            var records = await BatchAsync(scene, value);
            var batch = new ProduceBatch { CorrelationId = 1, Topic = ChaosScene.Topic, Partition = 0, Records = records };
            int invocation = scene.Recorder.Invoke(
                scene.Recorder.NewProcess(), OpAction.Send, new PlacedRecord(0, PlacedRecord.NoOffset, value));
            var first = await oldClient.ProduceAsync(batch, CallTime);
            scene.Recorder.Complete(invocation, OpType.Ok, new PlacedRecord(0, first.Receipt.BaseOffset, value));

            await scene.FireAsync(ProcessFaults.Kill(scene, old), () => scene.NewLeaderAsync(epoch));
            await using var newClient = new NodeClient(scene.Cluster.Network.ClientAddress(await scene.LeaderAsync()));
            var again = await newClient.ProduceAsync(batch, CallTime);
            Assert.True(again.Error is null, again.ToString());
            Assert.Equal((true, first.Receipt.BaseOffset), (again.Receipt.Duplicate, again.Receipt.BaseOffset));
            await using var returned = new NodeClient(scene.Cluster.Network.ClientAddress(old));
            var late = await returned.ProduceAsync(batch, CallTime);
            if (late.Receipt is not null)
                Assert.Equal((true, first.Receipt.BaseOffset), (late.Receipt.Duplicate, late.Receipt.BaseOffset)); // It leads again.
            else
                Assert.Equal("NOT_LEADER", TestClient.Explain(late.Error).Reason);
        });

    private static async Task<ByteString> BatchAsync(ChaosScene scene, RecordValue value)
    {
        ProducerId? producer = null;
        foreach (var node in scene.Cluster.Nodes)
        {
            await using var client = new NodeClient(scene.Cluster.Network.ClientAddress(node.Id));
            try
            {
                producer ??= await client.InitProducerAsync(CallTime);
            }
            catch (RpcException)
            {
                // Another node is the controller.
            }
        }

        using var builder = new BatchBuilder(Limits.BatchBytesMax);
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        Assert.True(builder.TryAppend(now, ValueCoding.Key(value), ValueCoding.Value(value)));
        return ByteString.CopyFrom(builder.Finish(producer!.Value, 0, 0).Span);
    }

    private static async Task FireAtLeaderAsync(ChaosScene scene, Func<int, Fault> make)
    {
        int leader = await scene.LeaderAsync();
        int epoch = scene.Leaders.EpochOf(0);
        await scene.FireAsync(make(leader), async () =>
        {
            await scene.NewLeaderAsync(epoch);
            await scene.ProgressAsync(60);
        });
        await scene.ProgressAsync(60);
    }
}
