package io.github.devloop_stub;

import org.springframework.context.ApplicationContext;
import org.springframework.data.domain.PageRequest;

/** A table for the stub. Only an application with Hibernate and Spring Data JPA can load this class. */
public final class Database {
    private Database() { }

    /** Saves and reads, if there is a database. */
    public static void use(ApplicationContext context) {
        ItemRepository items = context.getBeanProvider(ItemRepository.class).getIfAvailable();
        if (items == null) {
            return;
        }
        Item item = new Item();
        item.setText("text");
        items.save(item);
        for (int i = 0; i < 2; i++) {
            items.findAll();
            items.findByTextStartingWith("t");
            items.findByText("text", PageRequest.of(0, 5));
            items.find(item.getId());
        }
    }
}
