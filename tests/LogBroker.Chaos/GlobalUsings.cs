global using LogBroker.TestKit;
